"""Adam and AdamW, a step of each weight by one operation of TensorFlow.

Keras computes the same of a dozen operations, each of which reads and writes tensors of the weight's size: on CPU they
take as long as the memory does. Settings, variables and results are those of Keras' optimisers.
"""

import keras
import tensorflow as tf


class _StepByOneOperation:
    """What a subclass of keras.optimizers.Adam takes its steps by."""

    def update_step(self, gradient: tf.Tensor, variable: tf.Variable, learning_rate: tf.Tensor) -> None:
        """Changes `variable`, and the means of its gradient and of its gradient's square, by Adam's rule.

        Args:
            gradient: Of the variable's shape and dtype, not sparse.
            variable: What is changed.
            learning_rate: Float scalar.
        """
        index = self._get_variable_index(variable)
        dtype = variable.dtype
        step = tf.cast(self.iterations + 1, dtype)
        beta_1, beta_2 = tf.constant(self.beta_1, dtype), tf.constant(self.beta_2, dtype)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[index].value.handle,
            v=self._velocities[index].value.handle,
            beta1_power=beta_1**step,
            beta2_power=beta_2**step,
            lr=tf.cast(learning_rate, dtype),
            beta1=beta_1,
            beta2=beta_2,
            epsilon=tf.constant(self.epsilon, dtype),
            grad=gradient,
        )


class Adam(_StepByOneOperation, keras.optimizers.Adam):
    """Adam (Kingma and Ba 2015)."""


class AdamW(_StepByOneOperation, keras.optimizers.AdamW):
    """Adam with weight decay of its own (Loshchilov and Hutter 2019)."""
