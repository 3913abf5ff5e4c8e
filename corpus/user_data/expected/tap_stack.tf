variable "environment" {
  description = "Environment name"
  type        = string
}

variable "ami_id" {
  description = "The image; the newest Amazon Linux 2 by default"
  type        = string
  default     = null
}

variable "subnet_id" {
  description = "Where the bastion stands"
  type        = string
  default     = "subnet-0a1"
}

variable "extra_tags" {
  description = "More tags"
  type        = map(string)
  default     = {}
}

locals {
  tags = { Environment = var.environment }

  # Already encoded, so that the templates can share it
  boot = base64encode("#!/bin/bash\nyum -y update\n")
}

data "aws_ami" "amazon_linux_2" {
  most_recent = true
  owners      = ["amazon"]

  filter {
    name   = "name"
    values = ["amzn2-ami-hvm-*-x86_64-gp2"]
  }
}

# Plain where base64 is wanted
resource "aws_launch_template" "plain" {
  name          = "plain-${var.environment}"
  image_id      = coalesce(var.ami_id, data.aws_ami.amazon_linux_2.id)
  instance_type = "t3.micro"

  user_data = base64encode(<<-EOF
    #!/bin/bash
    echo "${var.environment}" > /etc/environment-name
  EOF
  )

  tags = merge(local.tags, var.extra_tags, { Name = "plain-${var.environment}" })
}

# Encoded twice
resource "aws_launch_template" "twice" {
  name          = "twice-${var.environment}"
  image_id      = coalesce(var.ami_id, data.aws_ami.amazon_linux_2.id)
  instance_type = "t3.micro"
  user_data     = local.boot

  tags = merge(local.tags, var.extra_tags, { Name = "twice-${var.environment}" })
}

# Base64 where plain text is wanted
resource "aws_instance" "bastion" {
  ami           = coalesce(var.ami_id, data.aws_ami.amazon_linux_2.id)
  instance_type = "t3.micro"
  subnet_id     = var.subnet_id

  user_data = <<-EOF
    #!/bin/bash
    yum -y install tmux
  EOF

  tags = merge(local.tags, var.extra_tags, { Name = "bastion-${var.environment}" })
}
