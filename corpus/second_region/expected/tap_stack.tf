terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

variable "environment" {
  description = "The environment that the stack is for"
  type        = string
  default     = "dev"
}

variable "zone_id" {
  description = "The hosted zone of the site"
  type        = string
  default     = "Z0000000000000000000"
}

provider "aws" {
  region = "us-east-1"
}

provider "aws" {
  alias  = "us_east_1"
  region = "us-east-1"
}

provider "aws" {
  alias  = "us_west_2"
  region = "us-west-2"
}

resource "aws_s3_bucket" "site_us_east_1" {
  provider      = aws.us_east_1
  bucket        = "site-${var.environment}-us-east-1"
  force_destroy = true
}

resource "aws_s3_bucket" "site_us_west_2" {
  provider      = aws.us_west_2
  bucket        = "site-${var.environment}-us-west-2"
  force_destroy = true
}

# Failover between the regions
resource "aws_route53_record" "site_us_east_1" {
  zone_id        = var.zone_id
  name           = "site-${var.environment}.example.com"
  type           = "CNAME"
  ttl            = 60
  set_identifier = "us-east-1"
  records        = [aws_s3_bucket.site_us_east_1.bucket_regional_domain_name]

  failover_routing_policy {
    type = "PRIMARY"
  }
}

resource "aws_route53_record" "site_us_west_2" {
  zone_id        = var.zone_id
  name           = "site-${var.environment}.example.com"
  type           = "CNAME"
  ttl            = 60
  set_identifier = "us-west-2"
  records        = [aws_s3_bucket.site_us_west_2.bucket_regional_domain_name]

  failover_routing_policy {
    type = "SECONDARY"
  }
}
