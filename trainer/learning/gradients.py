"""Gradients as optimisers need them."""

import keras
import tensorflow as tf


def dense_gradients(tape: tf.GradientTape, target: tf.Tensor, variables: list[keras.Variable]) -> list[tf.Tensor]:
    """The gradients of `target`, each of its variable's shape; 0 where `target` does not depend on a variable.

    The gradient of an embedding comes as one slice for each token, several for a token that is there several times.
    Keras' optimisers would square the slices before they add them up: clipping would see another norm, and Adam
    another second moment.
    """
    unconnected = tf.UnconnectedGradients.ZERO
    return [tf.convert_to_tensor(gradient) for gradient in tape.gradient(target, variables, None, unconnected)]
