output "repository_url" {
  description = "Where the image is pushed to"
  value       = module.thumbnails.repository_url
}
