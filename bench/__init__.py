"""What it costs: benchmarks of the product and the seeder that fills their databases."""
