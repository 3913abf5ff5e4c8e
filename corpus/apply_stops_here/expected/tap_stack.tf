variable "environment" {
  description = "dev, staging or prod"
  type        = string
}

locals {
  tags = { Environment = var.environment }
}

variable "extra_tags" {
  type    = map(string)
  default = {}
}

resource "random_password" "db" {
  length  = 20
  special = true # as the auditors want it
}

resource "aws_db_instance" "main" {
  identifier          = "orders-${var.environment}"
  engine              = "postgres"
  engine_version      = "15.4"
  instance_class      = "db.t3.micro"
  allocated_storage   = 20
  username            = "orders"
  password            = random_password.db.result
  skip_final_snapshot = true
  tags                = merge(local.tags, var.extra_tags, { Name = "orders-${var.environment}" })
}

resource "aws_kms_key" "logs" {
  enable_key_rotation = true
  tags                = merge(local.tags, var.extra_tags, { Name = "logs-${var.environment}" })
}

# Everything that the service says.
resource "aws_cloudwatch_log_group" "orders" {
  name              = "/orders"
  kms_key_id        = aws_kms_key.logs.arn
  retention_in_days = 14
  tags              = merge(local.tags, var.extra_tags, { Name = "/orders" })
}

resource "aws_security_group" "bastion" {
  name = "bastion-${var.environment}"
  tags = merge(local.tags, var.extra_tags, { Name = "bastion-${var.environment}" })

  ingress {
    from_port   = 22
    to_port     = 22
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
}
