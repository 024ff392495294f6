// The product has an internal type of that name as well.
global using ApiClient = BeBiDa.Hollow.Api.ApiClient;
