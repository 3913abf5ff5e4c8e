# dev.tfvars

# Environment
environment = "dev"
aws_region  = "us-east-1"
