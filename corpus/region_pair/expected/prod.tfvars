# prod.tfvars

# Environment
environment = "prod"
aws_region  = "us-east-1"
