set(links Boost::system OpenSSL::SSL OpenSSL::Crypto)
