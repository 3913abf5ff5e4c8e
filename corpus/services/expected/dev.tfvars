# dev.tfvars
environment = "dev"
