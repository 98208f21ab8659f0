"""Submit samples to a device of this machine, and print the answers: `python client.py unix:PATH [FILE.npy]`.

It needs grpcio, protobuf, NumPy and the two modules that protoc makes from device_app.proto (an installed Splitwave has
them).
"""

import sys
from collections.abc import Iterator

import grpc
import numpy as np

from splitwave.common.wire.pb import device_app_pb2 as pb
from splitwave.common.wire.pb import device_app_pb2_grpc


def requests(samples: np.ndarray) -> Iterator[pb.InferRequest]:
    """Make one request of each sample; float32 and uint8 arrays are sent as they are."""
    kind = {np.dtype(np.float32): "float32", np.dtype(np.uint8): "uint8"}[samples.dtype]
    for sample in samples:
        yield pb.InferRequest(**{kind: sample.tobytes()})


def main() -> None:
    """Describe the device, submit one sample, then a stream of them."""
    with grpc.insecure_channel(sys.argv[1]) as channel:
        device = device_app_pb2_grpc.DeviceAppStub(channel)
        description = device.Describe(pb.DescribeRequest())
        shape = tuple(description.input_shape)
        print(f"link {description.link}, samples of {shape}, {description.classes} classes", file=sys.stderr)
        samples = np.load(sys.argv[2]) if len(sys.argv) > 2 else np.zeros((1, *shape), dtype=np.float32)
        first, *others = requests(samples)
        replies = [device.Infer(first), *device.InferStream(iter(others))]
        for reply in replies:
            answer = reply.class_index if reply.HasField("class_index") else "-"
            print(reply.stream, reply.sequence, pb.Outcome.Name(reply.outcome), answer)


if __name__ == "__main__":
    main()
