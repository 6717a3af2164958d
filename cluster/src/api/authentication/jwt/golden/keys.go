package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	encodingpem "encoding/pem"
	"math/big"
	"time"
)

func pem(key crypto.PublicKey) []byte {
	made, err := x509.MarshalPKIXPublicKey(key)
	must(err)
	return encodingpem.EncodeToMemory(&encodingpem.Block{Type: "PUBLIC KEY", Bytes: made})
}

func authority() []byte {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "ca"}, NotAfter: time.Unix(future, 0), IsCA: true, BasicConstraintsValid: true}
	made, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	must(err)
	return encodingpem.EncodeToMemory(&encodingpem.Block{Type: "CERTIFICATE", Bytes: made})
}
