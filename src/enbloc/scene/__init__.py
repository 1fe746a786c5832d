"""Plan to surfaces, colours and view directions as data, and to pictures of them."""

from enbloc.scene.anatomy import anatomy_meshes, index_vertebra, vertebrae_near
from enbloc.scene.build import build_scene, empty_scene, index_frame
from enbloc.scene.markups import markups_json
from enbloc.scene.nouns import Key, Mesh, Motion, Operation, Scene, View
from enbloc.scene.palette import STYLES, Style
from enbloc.scene.pieces import pieces_on
from enbloc.scene.write import scene_document, write_scene

__all__ = [
    "Key",
    "Mesh",
    "Motion",
    "Operation",
    "STYLES",
    "Scene",
    "Style",
    "View",
    "anatomy_meshes",
    "build_scene",
    "empty_scene",
    "index_frame",
    "index_vertebra",
    "markups_json",
    "pieces_on",
    "scene_document",
    "vertebrae_near",
    "write_scene",
]
