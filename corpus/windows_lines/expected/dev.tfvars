# dev.tfvars
environment = "dev"
