# prod.tfvars
environment   = "prod"
subnet_ids    = ["subnet-0c1", "subnet-0c2"]
keep_database = false
