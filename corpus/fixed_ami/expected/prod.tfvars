# prod.tfvars
environment = "prod"

ami_id = "ami-0c02fb55956c7d316" # Amazon Linux 2, us-east-1
