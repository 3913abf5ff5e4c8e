variable "environment" {
  description = "Environment name"
  type        = string
}

variable "extra_tags" {
  description = "More tags"
  type        = map(string)
  default     = {}
}

locals {
  tags = { Environment = var.environment }
}

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "worker" {
  name               = "worker-${var.environment}"
  assume_role_policy = data.aws_iam_policy_document.assume.json

  tags = merge(local.tags, var.extra_tags, { Name = "worker-${var.environment}" })
}

resource "aws_iam_role_policy_attachment" "logs" {
  role       = aws_iam_role.worker.name
  policy_arn = "arn:aws:iam::aws:policy/CloudWatchLogsFullAccess"
}

resource "aws_sqs_queue" "work" {
  name = "work-${var.environment}"

  tags = merge(local.tags, var.extra_tags, { Name = "work-${var.environment}" })
}

resource "aws_db_subnet_group" "main" {
  name = "main-${var.environment}"

  tags = merge(local.tags, var.extra_tags, { Name = "main-${var.environment}" })
}

output "queue_url" {
  value = aws_sqs_queue.work.url
}

output "subnet_group" {
  value = aws_db_subnet_group.main.name
}
