# dev.tfvars
environment        = "dev"
vpc_id             = "vpc-0a"
private_subnet_ids = ["subnet-0a1", "subnet-0a2"]
web_count          = 1

# Auto Scaling
asg_min_size = 1
asg_max_size = 2
