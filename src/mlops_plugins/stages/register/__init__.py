"""Register: hold the models, and know which one is champion."""
