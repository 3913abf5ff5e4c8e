# prod.tfvars
environment = "prod"
extra_tags = {
  CostCentre = "4711"
}
