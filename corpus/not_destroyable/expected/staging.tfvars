# staging.tfvars
environment = "staging"
subnet_ids  = ["subnet-0b1", "subnet-0b2"]
