"""Field reports and complaints: taken in a form, kept here, sent to the portal, followed until answered."""
