# dev.tfvars
environment = "dev"
subnet_ids  = ["subnet-0a1", "subnet-0a2"]
