"""What citizens read: the texts as shipped, how they are rendered, and what staff changed about them."""
