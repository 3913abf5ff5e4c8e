# dev.tfvars

# Environment
environment = "dev"
aws_region  = "us-east-1"

# What tells the environments apart
vpc_cidr = "10.10.0.0/16"
