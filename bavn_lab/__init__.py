"""The lab beside the product: sectors that do not exist, benches and the demonstration. The product never imports it."""
