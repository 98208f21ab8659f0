"""Fixed settings of the links against link adaptation, over a fading trace: error against bits and airtime."""
