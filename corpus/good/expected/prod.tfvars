# prod.tfvars
environment = "prod"
