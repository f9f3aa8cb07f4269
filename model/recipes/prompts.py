"""What the model is asked for each task: one wording of each family it was trained on (spec m).

`{}` is filled with the user's words, `{box}` with four location bins. Wording matters for style:
hints at a short answer give short answers.
"""

VQA = "{} Short answer:"
CAPTION = "Write a caption"
VIDEO_CAPTION = "Describe the video with a short description."
VIDEO_TAG = "What activity is going on in the video? Short answer:"
AUDIO_CAPTION = "Give a short description of this audio."
CATEGORISE = "What is this? Return a precise but very short answer."
REGION_CLASS = "What is the category of the object at {box}?"

REFEXP = 'Which region does the text "{}" describe?'
LOCALISE = 'Return the bounding boxes and categories of region matching "{}"'
DETECT = "List all objects and their locations in the image"
KEYPOINTS = 'Find the visible human joints in the region " {box} ".'

SEGMENT = "Segment the object in this bounding box: {box} {}"
DEPTH = "What is the depth map of the image ?"
NORMALS = "What is the surface normal of the image ?"

IMAGE = "Generate an image matching this text: {}"
# The release has no recipe for these two; the words are ours.
EDIT = "Change the image as described: {}"
INPAINT = "Complete the missing part of the image: {}"
AUDIO = 'Synthesize the sound based on the description "{}"'

# What guidance pushes away from (spec h).
RANDOM_IMAGE = "An image of a random picture."
RANDOM_AUDIO = "A video of a random audio."


def filled(prompt: str, words: str) -> str:
    """The prompt with the user's words in place of `{}`; braces within them stay."""
    return prompt.replace("{}", words)
