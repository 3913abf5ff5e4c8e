# prod.tfvars
environment = "prod"
vpc_id      = "vpc-0c"
