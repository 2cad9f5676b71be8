"""The lab beside the product: made-up sectors, benches and the demonstration. The product never imports it."""
