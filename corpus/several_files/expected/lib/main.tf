locals {
  tags = { Environment = var.environment }
}

resource "aws_s3_bucket" "uploads" {
  bucket        = "uploads-${var.environment}"
  force_destroy = true

  tags = merge(local.tags, var.extra_tags, { Name = "uploads-${var.environment}" })
}

module "thumbnails" {
  source      = "./modules/thumbnails"
  environment = var.environment
  tags        = merge(local.tags, var.extra_tags)
  extra_tags  = var.extra_tags
}
