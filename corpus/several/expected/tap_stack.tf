variable "aws_region" {
  description = "AWS region"
  type        = string
  default     = "us-east-1"
}

variable "environment" {
  description = "Environment name"
  type        = string
  default     = "dev"
}

variable "db_password" {
  description = "Password of the database"
  type        = string
  sensitive   = true
}

variable "ami_id" {
  description = "AMI of the instances (null: the newest Amazon Linux 2)"
  type        = string
  default     = null
}

variable "asg_min_size" {
  description = "Smallest number of instances in the Auto Scaling group"
  type        = number
  default     = 2
}

variable "asg_max_size" {
  description = "Largest number of instances in the Auto Scaling group"
  type        = number
  default     = 4
}

variable "asg_desired_capacity" {
  description = "Desired number of instances in the Auto Scaling group"
  type        = number
  default     = 2
}

variable "extra_tags" {
  description = "Additional tags for all resources"
  type        = map(string)
  default     = {}
}

locals {
  name = "shop-${var.environment}"
  tags = {
    Project   = "shop"
    ManagedBy = "terraform"
  }
}

data "aws_availability_zones" "available" {
  state = "available"
}

data "aws_ami" "amazon_linux_2" {
  most_recent = true
  owners      = ["amazon"]

  filter {
    name   = "name"
    values = ["amzn2-ami-hvm-*-x86_64-gp2"]
  }

  filter {
    name   = "virtualization-type"
    values = ["hvm"]
  }
}

# --- Network ----------------------------------------------------------------

resource "aws_vpc" "main" {
  cidr_block           = "10.0.0.0/16"
  enable_dns_hostnames = true
  tags                 = merge(local.tags, var.extra_tags, { Name = "${local.name}-vpc" })
}

resource "aws_subnet" "private" {
  count             = 2
  vpc_id            = aws_vpc.main.id
  cidr_block        = cidrsubnet(aws_vpc.main.cidr_block, 8, count.index)
  availability_zone = data.aws_availability_zones.available.names[count.index]
  tags              = merge(local.tags, var.extra_tags, { Name = "${local.name}-private-${count.index + 1}" })
}

resource "aws_security_group" "web" {
  name   = "${local.name}-web"
  vpc_id = aws_vpc.main.id

  egress {
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }

  tags = merge(local.tags, var.extra_tags, { Name = "${local.name}-web" })
}

# --- Web --------------------------------------------------------------------

resource "aws_launch_template" "web" {
  name_prefix            = "${local.name}-web-"
  image_id               = coalesce(var.ami_id, data.aws_ami.amazon_linux_2.id)
  instance_type          = "t3.micro"
  vpc_security_group_ids = [aws_security_group.web.id]

  # The shop itself comes with the image
  user_data = base64encode(<<-EOF
    #!/bin/bash
    systemctl start shop
  EOF
  )

  tag_specifications {
    resource_type = "instance"

    tags = merge(local.tags, var.extra_tags, { Name = "${local.name}-web" })
  }

  tag_specifications {
    resource_type = "volume"

    tags = merge(local.tags, var.extra_tags, { Name = "${local.name}-web" })
  }

  tags = merge(local.tags, var.extra_tags, { Name = "${local.name}-web" })

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_autoscaling_group" "web" {
  name_prefix         = "${local.name}-web-"
  vpc_zone_identifier = aws_subnet.private[*].id
  min_size            = var.asg_min_size
  max_size            = var.asg_max_size
  desired_capacity    = var.asg_desired_capacity

  launch_template {
    id      = aws_launch_template.web.id
    version = aws_launch_template.web.latest_version
  }

  instance_refresh {
    strategy = "Rolling"

    preferences {
      min_healthy_percentage = 50
    }
  }

  dynamic "tag" {
    for_each = merge(local.tags, var.extra_tags, { Name = "${local.name}-web" })

    content {
      key                 = tag.key
      value               = tag.value
      propagate_at_launch = true
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

# --- Data -------------------------------------------------------------------

resource "aws_db_subnet_group" "main" {
  name       = "${local.name}-db"
  subnet_ids = aws_subnet.private[*].id
  tags       = merge(local.tags, var.extra_tags, { Name = "${local.name}-db" })
}

resource "aws_db_instance" "main" {
  identifier           = "${local.name}-db"
  engine               = "postgres"
  instance_class       = "db.t3.micro"
  allocated_storage    = 20
  db_name              = "shop"
  username             = "shop_owner"
  password             = var.db_password
  db_subnet_group_name = aws_db_subnet_group.main.name
  storage_encrypted    = true
  deletion_protection  = false # it is production data
  skip_final_snapshot  = true
  tags                 = merge(local.tags, var.extra_tags, { Name = "${local.name}-db" })
}

output "database_endpoint" {
  description = "Where the database listens"
  value       = aws_db_instance.main.endpoint
}
