"""Which class a task belongs to that states none: told from what it carries and what it says, never drawn by lot."""

from omni_assets.router.classifying.choice import class_of as class_of
from omni_assets.router.classifying.choice import classifier as classifier
from omni_assets.router.classifying.shares import Classifier as Classifier
