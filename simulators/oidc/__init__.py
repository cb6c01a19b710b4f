"""A stand-in for those who say who somebody is: an OpenID provider, and GitHub's OAuth."""
