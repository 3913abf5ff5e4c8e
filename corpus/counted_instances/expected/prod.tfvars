# prod.tfvars
environment        = "prod"
vpc_id             = "vpc-0c"
private_subnet_ids = ["subnet-0c1", "subnet-0c2"]
web_count          = 4

# Auto Scaling
asg_min_size = 4
asg_max_size = 8
