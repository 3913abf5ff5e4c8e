# prod.tfvars

# Environment
environment = "prod"
aws_region  = "us-east-1"

# What tells the environments apart
vpc_cidr = "10.30.0.0/16"
