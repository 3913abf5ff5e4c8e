# staging.tfvars
environment = "staging"
