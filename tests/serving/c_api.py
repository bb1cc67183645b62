"""A SavedModel in TensorFlow's C API: the loader that the C++ server uses, without Python's part of TensorFlow.

`CSavedModel(folder).run(signature, inputs)` gives the outputs of a signature. The library is the one in TensorFlow's
wheel, called by ctypes; tensors of strings are laid out as TF_TString, 24 bytes each.
"""

import contextlib
import ctypes
import pathlib

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2

_POINTER = ctypes.c_void_p
_STRING_BYTES = 24


class _Buffer(ctypes.Structure):
    _fields_ = [("data", _POINTER), ("length", ctypes.c_size_t), ("deallocator", _POINTER)]


class _Output(ctypes.Structure):
    _fields_ = [("oper", _POINTER), ("index", ctypes.c_int)]


class CSavedModel:
    """A loaded SavedModel; close it, or use it as a context."""

    def __init__(self, folder, tags=("serve",)):
        self._library = _library()
        self._graph = self._library.TF_NewGraph()
        options = self._library.TF_NewSessionOptions()
        meta_graph = self._library.TF_NewBuffer()
        with self._status() as status:
            names = (ctypes.c_char_p * len(tags))(*(tag.encode() for tag in tags))
            self._session = self._library.TF_LoadSessionFromSavedModel(
                options, None, str(folder).encode(), names, len(tags), self._graph, meta_graph, status
            )
        content = ctypes.string_at(meta_graph.contents.data, meta_graph.contents.length)
        self.signatures = dict(meta_graph_pb2.MetaGraphDef.FromString(content).signature_def)
        self._library.TF_DeleteBuffer(meta_graph)
        self._library.TF_DeleteSessionOptions(options)

    def run(self, signature, inputs):
        """Outputs of a signature by name, arrays; strings are bytes in arrays of objects.

        Raises:
          RuntimeError: with the code and message of TensorFlow's status.
        """
        definition = self.signatures[signature]
        feeds = [self._output(definition.inputs[name].name) for name in inputs]
        values = [self._tensor(np.asarray(value)) for value in inputs.values()]
        names = sorted(definition.outputs)
        fetches = [self._output(definition.outputs[name].name) for name in names]
        results = (_POINTER * len(fetches))()
        try:
            with self._status() as status:
                self._library.TF_SessionRun(
                    *(self._session, None, (_Output * len(feeds))(*feeds), (_POINTER * len(values))(*values)),
                    *(len(feeds), (_Output * len(fetches))(*fetches), results, len(fetches), None, 0, None, status),
                )
        finally:
            for value in values:
                self._library.TF_DeleteTensor(value)
        outputs = {name: self._array(tensor) for name, tensor in zip(names, results, strict=True)}
        for tensor in results:
            self._library.TF_DeleteTensor(tensor)
        return outputs

    def close(self):
        """Frees the session and its graph."""
        with self._status() as status:
            self._library.TF_CloseSession(self._session, status)
        with self._status() as status:
            self._library.TF_DeleteSession(self._session, status)
        self._library.TF_DeleteGraph(self._graph)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @contextlib.contextmanager
    def _status(self):
        status = self._library.TF_NewStatus()
        try:
            yield status
            code = self._library.TF_GetCode(status)
            if code:
                raise RuntimeError(f"{code}: {self._library.TF_Message(status).decode()}")
        finally:
            self._library.TF_DeleteStatus(status)

    def _output(self, name):
        operation, _, index = name.rpartition(":")
        found = self._library.TF_GraphOperationByName(self._graph, operation.encode())
        assert found, f"the graph has no operation {operation}"
        return _Output(found, int(index))

    def _tensor(self, value):
        strings = value.dtype == object
        kind = tf.string if strings else tf.as_dtype(value.dtype)
        size = value.size * _STRING_BYTES if strings else value.nbytes
        shape = (ctypes.c_int64 * value.ndim)(*value.shape)
        tensor = self._library.TF_AllocateTensor(kind.as_datatype_enum, shape, value.ndim, size)
        data = self._library.TF_TensorData(tensor)
        if strings:
            for place, element in enumerate(value.ravel()):
                self._library.TF_StringInit(data + place * _STRING_BYTES)
                self._library.TF_StringCopy(data + place * _STRING_BYTES, element, len(element))
        elif size:
            ctypes.memmove(data, np.ascontiguousarray(value).ctypes.data, size)
        return tensor

    def _array(self, tensor):
        kind = tf.as_dtype(self._library.TF_TensorType(tensor))
        shape = [self._library.TF_Dim(tensor, axis) for axis in range(self._library.TF_NumDims(tensor))]
        data, count = self._library.TF_TensorData(tensor), int(np.prod(shape))
        if kind != tf.string:
            content = ctypes.string_at(data, self._library.TF_TensorByteSize(tensor)) if count else b""
            return np.frombuffer(content, kind.as_numpy_dtype).reshape(shape)
        strings = np.empty(count, object)
        for place in range(count):
            at = data + place * _STRING_BYTES
            length = self._library.TF_StringGetSize(at)
            strings[place] = ctypes.string_at(self._library.TF_StringGetDataPointer(at), length)
        return strings.reshape(shape)


def _library():
    [path] = pathlib.Path(tf.sysconfig.get_lib()).glob("libtensorflow_cc.so.2")
    library = ctypes.CDLL(str(path))
    size, integer, text = ctypes.c_size_t, ctypes.c_int, ctypes.c_char_p
    buffer = ctypes.POINTER(_Buffer)
    signatures = {
        "TF_NewGraph": (_POINTER, []),
        "TF_DeleteGraph": (None, [_POINTER]),
        "TF_NewSessionOptions": (_POINTER, []),
        "TF_DeleteSessionOptions": (None, [_POINTER]),
        "TF_NewBuffer": (buffer, []),
        "TF_DeleteBuffer": (None, [buffer]),
        "TF_NewStatus": (_POINTER, []),
        "TF_DeleteStatus": (None, [_POINTER]),
        "TF_GetCode": (integer, [_POINTER]),
        "TF_Message": (text, [_POINTER]),
        "TF_LoadSessionFromSavedModel": (
            _POINTER,
            [_POINTER, buffer, text, ctypes.POINTER(text), integer, _POINTER, buffer, _POINTER],
        ),
        "TF_CloseSession": (None, [_POINTER, _POINTER]),
        "TF_DeleteSession": (None, [_POINTER, _POINTER]),
        "TF_GraphOperationByName": (_POINTER, [_POINTER, text]),
        "TF_AllocateTensor": (_POINTER, [integer, ctypes.POINTER(ctypes.c_int64), integer, size]),
        "TF_DeleteTensor": (None, [_POINTER]),
        "TF_TensorData": (_POINTER, [_POINTER]),
        "TF_TensorByteSize": (size, [_POINTER]),
        "TF_TensorType": (integer, [_POINTER]),
        "TF_NumDims": (integer, [_POINTER]),
        "TF_Dim": (ctypes.c_int64, [_POINTER, integer]),
        "TF_StringInit": (None, [_POINTER]),
        "TF_StringCopy": (None, [_POINTER, text, size]),
        "TF_StringGetSize": (size, [_POINTER]),
        "TF_StringGetDataPointer": (_POINTER, [_POINTER]),
        "TF_SessionRun": (
            None,
            [
                *(_POINTER, buffer, ctypes.POINTER(_Output), ctypes.POINTER(_POINTER), integer),
                *(ctypes.POINTER(_Output), ctypes.POINTER(_POINTER), integer, _POINTER, integer, buffer, _POINTER),
            ],
        ),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library
