"""What the API answers and is given, a model each; the pages and the client are typed by them."""
