"""The job kind `evidence`: explanations held to what happens when the network is edited."""
