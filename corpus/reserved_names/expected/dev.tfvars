# dev.tfvars
environment = "dev"
vpc_id      = "vpc-0a"
