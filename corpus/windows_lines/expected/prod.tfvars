# prod.tfvars
environment = "prod"
