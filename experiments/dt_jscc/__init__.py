"""DT-JSCC, a baseline of QML-IB: discrete task-oriented joint source-channel coding with digital modulation.

Source: Xie, Ma, Ding, Shi, Tang, Wu, "Robust Information Bottleneck for Task-Oriented Communication with Digital
Modulation", IEEE JSAC 41(8), 2023, arXiv 2209.10382. Written from the description of the scheme.

A device's linear encoder gives d groups of D features. Each group chooses one of M codewords of a trained codebook, and
the index of the codeword selects the point of an M-ary constellation. The receiver decides for the nearest point, looks
its codeword up, and a decoder classifies the codewords of all groups. Training draws the indices by Gumbel-softmax and
rewards entropy of the indices given the sample: the robust information bottleneck keeps redundancy that helps against
wrong decisions.

Departures: K devices have an encoder and a codebook each, and one decoder gets the codewords of all of them. Noise has
the variance σ² of QML-IB eq. (20) in each real dimension; that of the authors' script has σ²/2, so their PSNR p is p +
3.01 dB here. Random numbers are keyed (ADR 3). Models are selected on held-out training samples, and the test split is
evaluated once.

Modules: `points`, `symbol_channel`, `network` and `objective` define the scheme; `training` and `evaluation` what is
done with it; `settings`, `options` and `report` the command line.

Legend of shapes: B samples, K links, P pixels, d symbols, M codewords, D features a codeword.
"""
