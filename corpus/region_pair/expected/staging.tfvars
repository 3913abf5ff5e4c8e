# staging.tfvars

# Environment
environment = "staging"
aws_region  = "us-east-1"

# What tells the environments apart
vpc_cidr = "10.20.0.0/16"
