# staging.tfvars

# Environment
environment = "staging"
aws_region  = "us-east-1"
