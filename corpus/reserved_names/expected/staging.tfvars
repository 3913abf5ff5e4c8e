# staging.tfvars
environment = "staging"
vpc_id      = "vpc-0b"
