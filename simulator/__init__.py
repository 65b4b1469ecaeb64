"""The public telephone network and Twilio's cloud, played on one machine. Knows nothing of the product."""
