# staging.tfvars
environment        = "staging"
vpc_id             = "vpc-0b"
private_subnet_ids = ["subnet-0b1", "subnet-0b2"]

# Auto Scaling
asg_min_size = 2
asg_max_size = 4
web_count    = 2
