"""Models of real providers. Import late: litellm takes seconds to load."""

import os

# Without this litellm fetches its price table from the network when it is imported.
os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
