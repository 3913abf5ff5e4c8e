locals {
  tags = { Environment = var.environment }
}

resource "aws_elasticache_replication_group" "sessions" {
  replication_group_id      = "sessions-${var.environment}"
  description               = "The sessions"
  node_type                 = "cache.t3.micro"
  num_cache_clusters        = 1
  final_snapshot_identifier = "sessions-${var.environment}-final"

  tags = merge(local.tags, var.extra_tags, { Name = "sessions-${var.environment}" })
}

module "jobs" {
  source      = "./modules/jobs"
  environment = var.environment
}
